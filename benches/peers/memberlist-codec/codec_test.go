package codec

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// Runs op for as long as the benchmark wants and reports processor time, the collector's
// included: the machine may be busy.
func measure(b *testing.B, op func()) {
	b.ReportAllocs()
	start := processorTime()
	for b.Loop() {
		op()
	}
	b.ReportMetric(float64(processorTime()-start)/float64(b.N), "cpu-ns/op")
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

type message struct {
	kind messageType
	body any
}

// A ping, six suspicions, two members: as benches/codec/content.rs of shoal-core.
func probe() []message {
	name := func(number int) string { return fmt.Sprintf("node-%04d", number) }
	messages := []message{{pingMsg, &ping{
		SeqNo: 123456, Node: name(2), SourceAddr: []byte{10, 0, 0, 1}, SourcePort: 7946, SourceNode: name(1),
	}}}
	for number := 3; number <= 8; number++ {
		messages = append(messages, message{suspectMsg, &suspect{12, name(number), name(number + 10)}})
	}
	for number := 21; number <= 22; number++ {
		addr := []byte{10, 0, 0, byte(number)}
		messages = append(messages, message{aliveMsg, &alive{12, name(number), addr, 7946, []byte("role=api,dc=eu-west"), []uint8{1, 5, 5, 0, 0, 0}}})
	}
	return messages
}

func encodeAll(messages []message) []byte {
	parts := make([][]byte, 0, len(messages))
	for _, m := range messages {
		buf, err := encode(m.kind, m.body, false)
		if err != nil {
			panic(err)
		}
		parts = append(parts, buf.Bytes())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return makeCompoundMessage(parts).Bytes()
}

func decodeOne(part []byte) {
	var err error
	switch messageType(part[0]) {
	case pingMsg:
		var m ping
		err = decode(part[1:], &m)
	case suspectMsg:
		var m suspect
		err = decode(part[1:], &m)
	case aliveMsg:
		var m alive
		err = decode(part[1:], &m)
	}
	if err != nil {
		panic(err)
	}
}

func decodeAll(datagram []byte, compound bool) {
	if !compound {
		decodeOne(datagram)
		return
	}
	_, parts, err := decodeCompoundMessage(datagram[1:])
	if err != nil {
		panic(err)
	}
	for _, part := range parts {
		decodeOne(part)
	}
}

func contents() map[string][]message {
	return map[string][]message{"ping": probe()[:1], "ping+8": probe()}
}

func BenchmarkEncode(b *testing.B) {
	for name, messages := range contents() {
		b.Run(name, func(b *testing.B) {
			measure(b, func() { encodeAll(messages) })
			b.ReportMetric(float64(len(encodeAll(messages))), "B/datagram")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, messages := range contents() {
		datagram := encodeAll(messages)
		b.Run(name, func(b *testing.B) {
			measure(b, func() { decodeAll(datagram, len(messages) > 1) })
		})
	}
}

// The ping is encoded, the eight broadcasts are ready bytes in its queue.
func BenchmarkEncodeReady(b *testing.B) {
	messages := probe()
	var ready [][]byte
	for _, m := range messages[1:] {
		ready = append(ready, encodeAll([]message{m}))
	}
	b.Run("ping+8", func(b *testing.B) {
		measure(b, func() {
			parts := append(make([][]byte, 0, 9), encodeAll(messages[:1]))
			makeCompoundMessage(append(parts, ready...))
		})
	})
}

func BenchmarkSeal(b *testing.B) {
	key, datagram := make([]byte, 32), encodeAll(probe())
	b.Run("ping+8", func(b *testing.B) {
		measure(b, func() {
			var out bytes.Buffer
			if err := encryptPayload(1, key, datagram, nil, &out); err != nil {
				panic(err)
			}
		})
	})
}

func BenchmarkUnseal(b *testing.B) {
	key, datagram := make([]byte, 32), encodeAll(probe())
	var sealed bytes.Buffer
	if err := encryptPayload(1, key, datagram, nil, &sealed); err != nil {
		b.Fatal(err)
	}
	b.Run("ping+8", func(b *testing.B) {
		buf := make([]byte, sealed.Len())
		measure(b, func() {
			copy(buf, sealed.Bytes())
			if _, err := decryptPayload([][]byte{key}, buf, nil); err != nil {
				panic(err)
			}
		})
	})
}
