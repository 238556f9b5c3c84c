package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// arrivals remembers when each request came to the kernel, and lets the server stand still for a while. A nil one does neither.
type arrivals struct {
	mutex sync.Mutex
	at    []int64
	stall stall
}

// stall says from when on the server stands still, counted from the first request, and for how long.
type stall struct{ AfterMs, ForMs int64 }

// request is called for each whole request, before it is answered.
func (a *arrivals) request(connection net.Conn) {
	if a == nil {
		return
	}
	at := connection.(*stamped).at
	a.mutex.Lock()
	a.at = append(a.at, at)
	begin := time.Unix(0, a.at[0]).Add(time.Duration(a.stall.AfterMs) * time.Millisecond)
	left := time.Until(begin.Add(time.Duration(a.stall.ForMs) * time.Millisecond))
	stands := a.stall.ForMs > 0 && time.Now().After(begin)
	a.mutex.Unlock()
	if stands {
		time.Sleep(left)
	}
}

// answerQuestions gives, for each line on stdin, the arrivals since the last one, and plans the stall that the line asks for.
// It returns when stdin ends.
func (a *arrivals) answerQuestions() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var next stall
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			log.Fatal(err)
		}
		a.mutex.Lock()
		at := a.at
		a.at, a.stall = make([]int64, 0, 1<<17), next
		a.mutex.Unlock()
		text, err := json.Marshal(at)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("{\"arrivals\":%s}\n", text)
	}
}

// stamped is a connection whose kernel says when the bytes of the last read came: in the sender's own time, so that it does not
// matter when this process gets a processor.
type stamped struct {
	net.Conn
	raw syscall.RawConn
	oob []byte
	// Nanoseconds of the wall clock.
	at int64
}

func stamp(connection net.Conn) (*stamped, error) {
	raw, err := connection.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var refused error
	err = raw.Control(func(fd uintptr) {
		refused = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	})
	if err == nil {
		err = refused
	}
	return &stamped{Conn: connection, raw: raw, oob: make([]byte, 64)}, err
}

func (s *stamped) Read(into []byte) (int, error) {
	var count, oobCount int
	var failed error
	err := s.raw.Read(func(fd uintptr) bool {
		for {
			count, oobCount, _, _, failed = syscall.Recvmsg(int(fd), into, s.oob, 0)
			if failed != syscall.EINTR {
				return failed != syscall.EAGAIN
			}
		}
	})
	if err == nil {
		err = failed
	}
	if err == nil && count == 0 && len(into) > 0 {
		err = io.EOF
	}
	if err != nil {
		return 0, err
	}
	// The kernel begins to stamp some time after it was asked to.
	if oobCount < 32 {
		s.at = time.Now().UnixNano()
		return count, nil
	}
	// One control message: a header of 16 bytes, then seconds and nanoseconds.
	s.at = int64(binary.NativeEndian.Uint64(s.oob[16:]))*1e9 + int64(binary.NativeEndian.Uint64(s.oob[24:]))
	return count, nil
}
