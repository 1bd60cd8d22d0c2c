// A cluster of memberlist nodes in one process, driven like the other clusters of benches/cluster:
// one JSON object a line on stdout.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

type node struct {
	list    *memberlist.Memberlist
	cluster *cluster
	name    string
}

type cluster struct {
	mu     sync.Mutex
	scale  int
	nodes  map[string]*node
	down   map[string]bool
	leaves map[string]map[string]time.Time // subject -> observer -> when
	of     map[string]int                  // deaths of members that were not killed, by subject
	falses atomic.Int64
	empty  int64                           // resident before the first member
	probes atomic.Int64
}

func (n *node) NotifyJoin(*memberlist.Node)   {}
func (n *node) NotifyUpdate(*memberlist.Node) {}
func (n *node) NotifyLeave(gone *memberlist.Node) {
	now, name := time.Now(), gone.Name
	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.down[name] {
		c.falses.Add(1)
		c.of[name]++
		return
	}
	if c.leaves[name] == nil {
		c.leaves[name] = map[string]time.Time{}
	}
	c.leaves[name][n.name] = now
}
func (n *node) AckPayload() []byte { return nil }
func (n *node) NotifyPingComplete(*memberlist.Node, time.Duration, []byte) {
	n.cluster.probes.Add(1)
}

func (c *cluster) add(name string) (*node, error) {
	config := memberlist.DefaultLANConfig()
	config.Name, config.BindAddr, config.BindPort = name, "127.0.0.1", 0
	config.AdvertiseAddr = "127.0.0.1"
	config.LogOutput = io.Discard
	scale := time.Duration(c.scale)
	config.ProbeInterval /= scale
	config.ProbeTimeout /= scale
	config.GossipInterval /= scale
	config.PushPullInterval /= scale
	n := &node{cluster: c, name: name}
	config.Events, config.Ping = n, n
	list, err := memberlist.Create(config)
	if err != nil {
		return nil, err
	}
	n.list = list
	c.mu.Lock()
	c.nodes[name] = n
	c.mu.Unlock()
	return n, nil
}

func (c *cluster) converged(wanted int) bool {
	c.mu.Lock()
	nodes := make([]*node, 0, len(c.nodes))
	for _, n := range c.nodes {
		nodes = append(nodes, n)
	}
	c.mu.Unlock()
	for _, n := range nodes {
		if n.list.NumMembers() != wanted {
			return false
		}
	}
	return true
}

func (c *cluster) waitConverged(wanted int, limit time.Duration) (time.Duration, bool) {
	start := time.Now()
	for time.Since(start) < limit {
		if c.converged(wanted) {
			return time.Since(start), true
		}
		time.Sleep(20 * time.Millisecond)
	}
	return limit, false
}

func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func rss() int64 {
	var total, resident int64
	data, _ := os.ReadFile("/proc/self/statm")
	_, _ = fmt.Sscan(string(data), &total, &resident)
	return resident * int64(os.Getpagesize())
}

func tell(values map[string]any) {
	_ = json.NewEncoder(os.Stdout).Encode(values)
}

func (c *cluster) boot(n int, limit time.Duration, seed, prefix string) bool {
	first := seed
	for i := 0; i < n; i++ {
		created, err := c.add(fmt.Sprintf("%s%d", prefix, i))
		if err != nil {
			log.Fatal(err)
		}
		if seed != "" {
			if _, err := created.list.Join([]string{seed}); err != nil {
				log.Print(err)
			}
		}
		own := fmt.Sprintf("127.0.0.1:%d", created.list.LocalNode().Port)
		if seed == "" {
			seed = own
		}
		if i == 0 {
			first = own
		}
	}
	took, ok := c.waitConverged(n, limit)
	tell(map[string]any{"kind": "booted", "converged": ok, "seconds": took.Seconds(), "address": first})
	return ok
}

func (c *cluster) quiet(n int, seconds float64) {
	time.Sleep(5 * time.Second)
	cpu0, probes0 := cpu(), c.probes.Load()
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	used, probes := cpu()-cpu0, c.probes.Load()-probes0
	tell(map[string]any{
		"kind": "quiet", "members": n, "cpu_us_per_probe": float64(used.Microseconds()) / float64(probes),
		"cpu_us_per_member_second": float64(used.Microseconds()) / float64(n) / seconds,
		"rss_bytes_per_member":     rss() / int64(n), "probes": probes, "false_deaths": c.falses.Load(),
		"rss_growth_per_member": (rss() - c.empty) / int64(n),
	})
}

func (c *cluster) kill(n, round int, limit time.Duration) {
	name := fmt.Sprintf("m%d", 1+round)
	c.mu.Lock()
	victim := c.nodes[name]
	delete(c.nodes, name)
	c.down[name] = true
	c.mu.Unlock()
	start := time.Now()
	_ = victim.list.Shutdown()
	for time.Since(start) < limit {
		c.mu.Lock()
		known := len(c.leaves[name])
		c.mu.Unlock()
		if known >= n-1-round {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.mu.Lock()
	var took []float64
	for _, when := range c.leaves[name] {
		took = append(took, when.Sub(start).Seconds())
	}
	c.mu.Unlock()
	sort.Float64s(took)
	result := map[string]any{"kind": "kill", "survivors": n - 1 - round, "told": len(took)}
	if len(took) > 0 {
		result["first"], result["median"], result["last"] = took[0], took[len(took)/2], took[len(took)-1]
	}
	tell(result)
}

func main() {
	n := flag.Int("n", 50, "members")
	scale := flag.Int("scale", 1, "divide the LAN intervals by this")
	seconds := flag.Float64("seconds", 20, "length of the quiet measurement")
	kills := flag.Int("kills", 0, "members to kill, one after the other")
	limit := flag.Float64("limit", 60, "seconds to wait for one view")
	serve := flag.Bool("serve", false, "one node that only answers; CPU is told at the end of stdin")
	ping := flag.String("ping", "", "keep 64 pings in flight to this address for -seconds")
	seed := flag.String("seed", "", "join this cluster instead of starting one")
	prefix := flag.String("prefix", "m", "of the members' names")
	watch := flag.Float64("watch", 0, "only count deaths for so long")
	flag.Parse()
	c := &cluster{scale: *scale, nodes: map[string]*node{}, down: map[string]bool{},
		leaves: map[string]map[string]time.Time{}, of: map[string]int{}, empty: rss()}
	switch {
	case *serve:
		serveNode(c)
	case *ping != "":
		pingNode(c, *ping, *seconds)
	case *watch > 0:
		c.boot(*n, 0, *seed, *prefix)
		time.Sleep(time.Duration(*watch * float64(time.Second)))
		c.mu.Lock()
		tell(map[string]any{"kind": "watched", "deaths": c.of})
		c.mu.Unlock()
	default:
		patience := time.Duration(*limit * float64(time.Second))
		if c.boot(*n, patience, *seed, *prefix) {
			c.quiet(*n, *seconds)
			for round := 0; round < *kills; round++ {
				c.kill(*n, round, patience)
			}
		}
		tell(map[string]any{"kind": "end", "false_deaths": c.falses.Load()})
	}
}
