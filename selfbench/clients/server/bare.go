package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/net/http2"
)

// The bare client does nothing that a client need not do: what its calls take is the share of the server, the kernel and the loopback. The
// request lies ready and goes to the kernel in one call; the answer is read to the last of its bytes, whose number is known, and is not
// looked at while the clock runs. The socket blocks, so that no event loop and no scheduler of Go stands between the kernel and the clock.

const modelInfer = "/inference.GRPCInferenceService/ModelInfer"

// socket is a blocking TCP socket.
type socket int

func (s socket) Read(into []byte) (int, error) {
	for {
		count, err := syscall.Read(int(s), into)
		if err == syscall.EINTR {
			continue
		}
		if err == nil && count == 0 && len(into) > 0 {
			err = io.EOF
		}
		return max(count, 0), err
	}
}

func (s socket) Write(all []byte) (int, error) {
	for rest := all; len(rest) > 0; {
		count, err := syscall.Write(int(s), rest)
		if err != nil && err != syscall.EINTR {
			return len(all) - len(rest), err
		}
		rest = rest[max(count, 0):]
	}
	return len(all), nil
}

// dial connects to a port of the loopback. A server that says nothing for ten seconds ends the wait.
func dial(port int) (socket, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		err = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	if err == nil {
		err = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 10})
	}
	if err == nil {
		err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	return socket(fd), err
}

// exchange is a request whose bytes are ready, and what is known of its answer.
type exchange struct {
	request []byte
	// A whole answer, or at least its length and its end.
	answer []byte
	// next changes the request into another call's.
	next func()
	// before gives how many bytes stand before the answer in what was read.
	before func(read []byte) int
}

func restExchange(server restServer, request []byte) exchange {
	return exchange{
		request: request,
		answer:  response("200 OK", server.answer, server.jsonBytes),
		next:    func() {},
		before:  func([]byte) int { return 0 },
	}
}

// grpcExchange greets the server and makes the one request and its answer. The server's windows are wider than the request, and it
// ignores the client's: there is nothing to keep count of.
func grpcExchange(at socket, server grpcServer, message []byte) (exchange, error) {
	if _, err := at.Write([]byte(http2.ClientPreface)); err != nil {
		return exchange{}, err
	}
	greeter := http2.NewFramer(at, at)
	greeter.WriteSettings()
	for acknowledged := false; !acknowledged; {
		frame, err := greeter.ReadFrame()
		if err != nil {
			return exchange{}, err
		}
		if settings, ok := frame.(*http2.SettingsFrame); ok {
			if acknowledged = settings.IsAck(); !acknowledged {
				greeter.WriteSettingsAck()
			}
		}
	}
	var sent, answered bytes.Buffer
	block := headerBlock(":method", "POST", ":scheme", "http", ":path", modelInfer, ":authority", "127.0.0.1",
		"te", "trailers", "content-type", "application/grpc")
	framer := http2.NewFramer(&sent, nil)
	framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndHeaders: true})
	data := sent.Len()
	framer.WriteData(1, true, prefixed(message))
	answers := server.calls(http2.NewFramer(&answered, nil), func() {})
	answers.reply(1, true)
	request, stream := sent.Bytes(), uint32(1)
	return exchange{
		request: request,
		answer:  answered.Bytes(),
		next: func() {
			binary.BigEndian.PutUint32(request[5:], stream)
			binary.BigEndian.PutUint32(request[data+5:], stream)
			stream += 2
		},
		// Now and then the server gives leave for more before it answers.
		before: func(read []byte) int {
			if bytes.HasPrefix(read, []byte{0, 0, 4, byte(http2.FrameWindowUpdate)}) {
				return 13
			}
			return 0
		},
	}, nil
}

// call makes one call, and checks its answer's length and end once the clock has stopped.
func (e *exchange) call(at socket, into []byte) (time.Duration, error) {
	e.next()
	start, got := time.Now(), 0
	if _, err := at.Write(e.request); err != nil {
		return 0, err
	}
	for got < len(e.answer)+e.before(into[:got]) {
		count, err := at.Read(into[got:])
		if err != nil {
			return 0, fmt.Errorf("%w after %d of %d bytes", err, got, len(e.answer))
		}
		got += count
	}
	took := time.Since(start)
	if got != len(e.answer)+e.before(into[:got]) || !bytes.HasSuffix(into[:got], e.answer[len(e.answer)-8:]) {
		return 0, fmt.Errorf("an answer of %d bytes, not %d", got, len(e.answer))
	}
	return took, nil
}

// measureBare answers each line on stdin, {"calls": N, "seconds": S}, with the latencies of that many calls, or of as many more as fill
// that time, in milliseconds.
func measureBare(at socket, e exchange) error {
	// Nothing that Go does by itself may come between: no other thread, no collection of garbage.
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	into := make([]byte, len(e.answer)+4096)
	fmt.Println(`{"ready":true}`)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked struct {
			Calls   int
			Seconds float64
		}
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		begun, latencies := time.Now(), make([]float64, 0, asked.Calls)
		for len(latencies) < asked.Calls || time.Since(begun).Seconds() < asked.Seconds {
			took, err := e.call(at, into)
			if err != nil {
				return err
			}
			latencies = append(latencies, float64(took.Nanoseconds())/1e6)
		}
		text, err := json.Marshal(map[string][]float64{"latenciesMs": latencies})
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", text)
	}
	return nil
}

// bareClient is the whole program where it is asked to be the bare client instead of serving.
func bareClient(protocol string, port int, request []byte, overGrpc grpcServer, overRest restServer) {
	e := restExchange(overRest, request)
	at, err := dial(port)
	if err == nil && protocol == "grpc" {
		e, err = grpcExchange(at, overGrpc, request)
	}
	if err == nil {
		err = measureBare(at, e)
	}
	if err != nil {
		log.Fatal(err)
	}
}
