package suspicion

import (
	"fmt"
	"testing"
	"time"
)

func open() *suspicion {
	return newSuspicion("node-1", 3, 5*time.Minute, 30*time.Minute, func(int) {})
}

func live(count int) []*suspicion {
	all := make([]*suspicion, count)
	for i := range all {
		all[i] = open()
	}
	return all
}

// No map from names to suspicions, which memberlist has beside this: ours includes its own.
func BenchmarkLife(b *testing.B) {
	for _, count := range []int{0, 100_000} {
		others := live(count)
		b.Run(fmt.Sprintf("live=%d", count), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				s := open()
				if !confirm(s, "node-2") || !confirm(s, "node-3") || !s.timer.Stop() {
					b.Fatal("a confirmation did not count")
				}
			}
		})
		for _, s := range others {
			s.timer.Stop()
		}
	}
}

func BenchmarkRepeatedConfirmation(b *testing.B) {
	s := open()
	confirm(s, "node-2")
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if confirm(s, "node-2") {
			b.Fatal("counted twice")
		}
	}
	s.timer.Stop()
}
