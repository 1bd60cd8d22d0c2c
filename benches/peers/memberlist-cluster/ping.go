package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const inFlight = 64

// One node that answers pings; tells its CPU time when stdin ends.
func serveNode(c *cluster) {
	n, err := c.add("server")
	if err != nil {
		log.Fatal(err)
	}
	tell(map[string]any{"kind": "serving", "address": fmt.Sprintf("127.0.0.1:%d", n.list.LocalNode().Port)})
	start := cpu()
	_, _ = io.Copy(io.Discard, os.Stdin)
	tell(map[string]any{"kind": "served", "cpu_us": (cpu() - start).Microseconds()})
}

// Keeps pings in flight and tells how many were answered.
func pingNode(c *cluster, target string, seconds float64) {
	n, err := c.add("pinger")
	if err != nil {
		log.Fatal(err)
	}
	address, err := net.ResolveUDPAddr("udp", target)
	if err != nil {
		log.Fatal(err)
	}
	var answered atomic.Int64
	var group sync.WaitGroup
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	for i := 0; i < inFlight; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Now().Before(end) {
				if _, err := n.list.Ping("server", address); err == nil {
					answered.Add(1)
				}
			}
		}()
	}
	group.Wait()
	tell(map[string]any{"kind": "pinged", "answered": answered.Load(), "seconds": seconds})
}
