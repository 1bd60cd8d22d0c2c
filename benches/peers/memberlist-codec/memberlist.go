// Package codec measures memberlist's codec on the content that ours is measured on.
package codec

import (
	"bytes"
	_ "unsafe" // for go:linkname

	_ "github.com/hashicorp/memberlist"
)

type messageType uint8

const (
	pingMsg    messageType = 0
	suspectMsg messageType = 3
	aliveMsg   messageType = 4
)

// The fields of memberlist's messages, by the names that its codec writes.
type ping struct {
	SeqNo      uint32
	Node       string
	SourceAddr []byte `codec:",omitempty"`
	SourcePort uint16 `codec:",omitempty"`
	SourceNode string `codec:",omitempty"`
}

type suspect struct {
	Incarnation uint32
	Node        string
	From        string
}

type alive struct {
	Incarnation uint32
	Node        string
	Addr        []byte
	Port        uint16
	Meta        []byte
	Vsn         []uint8
}

//go:linkname encode github.com/hashicorp/memberlist.encode
func encode(kind messageType, in any, msgpackUseNewTimeFormat bool) (*bytes.Buffer, error)

//go:linkname decode github.com/hashicorp/memberlist.decode
func decode(buf []byte, out any) error

//go:linkname makeCompoundMessage github.com/hashicorp/memberlist.makeCompoundMessage
func makeCompoundMessage(msgs [][]byte) *bytes.Buffer

//go:linkname decodeCompoundMessage github.com/hashicorp/memberlist.decodeCompoundMessage
func decodeCompoundMessage(buf []byte) (trunc int, parts [][]byte, err error)

type encryptionVersion uint8

//go:linkname encryptPayload github.com/hashicorp/memberlist.encryptPayload
func encryptPayload(vsn encryptionVersion, key []byte, msg []byte, data []byte, dst *bytes.Buffer) error

//go:linkname decryptPayload github.com/hashicorp/memberlist.decryptPayload
func decryptPayload(keys [][]byte, msg []byte, data []byte) ([]byte, error)
