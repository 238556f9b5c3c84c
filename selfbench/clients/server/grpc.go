package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"path"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// What gRPC's C-core tells a peer on the loopback once it has seen a large message: it takes 4 MiB at once.
const (
	window   = 4 << 20
	maxFrame = 4 << 20
)

type grpcServer struct {
	answer     []byte
	leastBytes int
	// Answers of other methods than the one that is measured, by name.
	others map[string][]byte
	seen   *arrivals
}

func (s grpcServer) handle(connection net.Conn) {
	reader := bufio.NewReaderSize(connection, 256<<10)
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(reader, preface); err != nil || string(preface) != http2.ClientPreface {
		return
	}
	writer := bufio.NewWriterSize(connection, 64<<10)
	framer := http2.NewFramer(writer, reader)
	framer.SetReuseFrames()
	framer.SetMaxReadFrameSize(1<<24 - 1)
	framer.WriteSettings(
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: window},
		http2.Setting{ID: http2.SettingMaxFrameSize, Val: maxFrame},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: 16384},
	)
	framer.WriteWindowUpdate(0, window-65535)
	if writer.Flush() != nil {
		return
	}
	call := s.calls(framer, func() { s.seen.request(connection) })
	if s.others != nil {
		framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		call.answers = s.others
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		call.take(frame)
		// One write to the kernel for everything that the frames so far call for.
		if reader.Buffered() < 9 && writer.Flush() != nil {
			return
		}
	}
}

// calls begins a connection.
func (s grpcServer) calls(framer *http2.Framer, arrived func()) grpcCalls {
	return grpcCalls{
		arrived: arrived,
		framer:  framer,
		message: prefixed(s.answer),
		head:    headerBlock(":status", "200", "content-type", "application/grpc"),
		good:    headerBlock("grpc-status", "0"),
		short:   headerBlock("grpc-status", "3", "grpc-message", "request is shorter than it should be"),
		bytes:   map[uint32]int{},
		owed:    map[uint32]int{},
		least:   s.leastBytes,
		others:  map[uint32][]byte{},
	}
}

// grpcCalls is one connection's state.
type grpcCalls struct {
	arrived           func()
	framer            *http2.Framer
	message           []byte
	head, good, short []byte
	bytes, owed       map[uint32]int
	connectionOwed    int
	least             int
	// By method, and what the streams that asked one of them get.
	answers map[string][]byte
	others  map[uint32][]byte
}

func (c *grpcCalls) take(frame http2.Frame) {
	switch frame := frame.(type) {
	case *http2.SettingsFrame:
		if !frame.IsAck() {
			c.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !frame.IsAck() {
			c.framer.WritePing(true, frame.Data)
		}
	case *http2.RSTStreamFrame:
		delete(c.bytes, frame.StreamID)
		delete(c.owed, frame.StreamID)
	case *http2.MetaHeadersFrame:
		if other, ok := c.answers[path.Base(frame.PseudoValue("path"))]; ok {
			c.others[frame.StreamID] = prefixed(other)
		}
		if frame.StreamEnded() {
			c.reply(frame.StreamID, false)
		}
	case *http2.HeadersFrame:
		if frame.StreamEnded() {
			c.reply(frame.StreamID, false)
		}
	case *http2.DataFrame:
		c.data(frame)
	}
}

func (c *grpcCalls) data(frame *http2.DataFrame) {
	id, length := frame.StreamID, int(frame.Length)
	c.bytes[id] += len(frame.Data())
	c.connectionOwed += length
	if c.connectionOwed > window/2 {
		c.framer.WriteWindowUpdate(0, uint32(c.connectionOwed))
		c.connectionOwed = 0
	}
	if frame.StreamEnded() {
		_, other := c.others[id]
		whole := other || c.bytes[id] >= 5+c.least
		delete(c.bytes, id)
		delete(c.owed, id)
		c.reply(id, whole)
		return
	}
	c.owed[id] += length
	if c.owed[id] > window/2 {
		c.framer.WriteWindowUpdate(id, uint32(c.owed[id]))
		c.owed[id] = 0
	}
}

func (c *grpcCalls) reply(id uint32, whole bool) {
	c.arrived()
	c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.head, EndHeaders: true})
	trailer := c.short
	if whole {
		trailer = c.good
		// The default frame size, which no client has to have raised. Answers stay below the least window there is.
		message, other := c.others[id]
		if other {
			delete(c.others, id)
		} else {
			message = c.message
		}
		for rest := message; len(rest) > 0; {
			part := rest
			if len(part) > 16384 {
				part = part[:16384]
			}
			c.framer.WriteData(id, false, part)
			rest = rest[len(part):]
		}
	}
	c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: trailer, EndHeaders: true, EndStream: true})
}

// headerBlock encodes name, value pairs without the dynamic table, so that the same bytes serve every call.
func headerBlock(pairs ...string) []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSizeLimit(0)
	for i := 0; i < len(pairs); i += 2 {
		encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return block.Bytes()
}

// prefixed puts gRPC's five bytes before a message.
func prefixed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}
