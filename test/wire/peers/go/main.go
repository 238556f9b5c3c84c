// A grpc-go server for the wire tests: raw bytes in, raw bytes out, the method says what happens. Its twin on gRPC's C-core
// is ccore.py.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (rawCodec) Name() string { return "raw" }

func main() {
	streams := flag.Uint("streams", 0, "streams at once; 0: any number")
	window := flag.Int("window", 0, "initial window; 0: as grpc-go has it")
	flag.Parse()
	options := []grpc.ServerOption{
		grpc.ForceServerCodec(rawCodec{}),
		grpc.MaxRecvMsgSize(1 << 30),
		grpc.MaxSendMsgSize(1 << 30),
	}
	if *streams > 0 {
		options = append(options, grpc.MaxConcurrentStreams(uint32(*streams)))
	}
	if *window > 0 {
		options = append(options, grpc.InitialWindowSize(int32(*window)), grpc.InitialConnWindowSize(int32(*window)))
	}
	var server *grpc.Server
	options = append(options, grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		return handle(stream, server)
	}))
	server = grpc.NewServer(options...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		// The test holds the other end of stdin.
		os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		log.Fatal(err)
	}
	select {}
}

func handle(stream grpc.ServerStream, server *grpc.Server) error {
	path, _ := grpc.MethodFromServerStream(stream)
	// /test/METHOD or /test/METHOD-NUMBER
	method, argument, _ := strings.Cut(strings.TrimPrefix(path, "/test/"), "-")
	number, _ := strconv.Atoi(argument)
	var request []byte
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	switch method {
	case "echo":
		return stream.SendMsg(&request)
	case "big":
		answer := make([]byte, number)
		for i := range answer {
			answer[i] = byte(i % 251)
		}
		return stream.SendMsg(&answer)
	case "fail":
		return status.Error(codes.Code(number), "nicht gefunden: \"ü\" 100%\n")
	case "sleep":
		select {
		case <-time.After(time.Duration(number) * time.Millisecond):
			return stream.SendMsg(&request)
		case <-stream.Context().Done():
			return context.Cause(stream.Context())
		}
	case "headers":
		stream.SetHeader(metadata.Pairs("x-long", strings.Repeat("a~\\", number/3)))
		stream.SetTrailer(metadata.Pairs("x-also-long", strings.Repeat("b", number)))
		return stream.SendMsg(&request)
	case "leave":
		go server.GracefulStop()
		time.Sleep(100 * time.Millisecond)
		return stream.SendMsg(&request)
	}
	return status.Error(codes.Unimplemented, method)
}
