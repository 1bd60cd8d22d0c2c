// Package suspicion measures memberlist's suspicion timer by itself, as ours is measured.
package suspicion

import (
	"sync/atomic"
	"time"
	_ "unsafe" // for go:linkname

	_ "github.com/hashicorp/memberlist"
)

// The layout of memberlist's type of that name in v0.7.0, to reach its timer.
type suspicion struct {
	n             atomic.Int32
	k             int32
	min           time.Duration
	max           time.Duration
	start         time.Time
	timer         *time.Timer
	timeoutFn     func()
	confirmations map[string]struct{}
}

//go:linkname newSuspicion github.com/hashicorp/memberlist.newSuspicion
func newSuspicion(from string, k int, min time.Duration, max time.Duration, fn func(int)) *suspicion

//go:linkname confirm github.com/hashicorp/memberlist.(*suspicion).Confirm
func confirm(s *suspicion, from string) bool
