// The server of `npm run bench:clients` and `npm run bench:load`: fixed answers over gRPC and REST, as lean as can be, so that what is
// measured is the client. It checks each request's length and answers a short one with an error.
// With -bare it is a client instead, the least that there can be (bare.go). With -timer it is a timer that makes no calls (timer.go).
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	grpcAnswer := flag.String("grpc-answer", "", "file with the answer's message")
	restAnswer := flag.String("rest-answer", "", "file with the answer's JSON")
	grpcBytes := flag.Int("grpc-request-bytes", 0, "the least a gRPC request's message may have")
	restBytes := flag.Int("rest-request-bytes", 0, "the least a REST request's body may have")
	restJson := flag.Int("rest-json-bytes", 0, "how much of the REST answer is JSON, before binary tensors; 0: all, which is not said")
	others := flag.String("others", "", "folder of answers to requests that are not the one: by gRPC method (Name.bin) and by path (_a_b.json)")
	remember := flag.Bool("arrivals", false, "remember when requests came, and answer a line on stdin with that")
	bare := flag.String("bare", "", "grpc or rest: be the client that does nothing, of a server with these answers, and measure its calls")
	port := flag.Int("port", 0, "where that server listens")
	request := flag.String("request", "", "file with the request of that client: gRPC's message, or all of HTTP's bytes")
	timer := flag.Int("timer", 0, "only wake so many times a second, and print how late; 0: serve")
	seconds := flag.Int("seconds", 1, "how long that lasts")
	flag.Parse()
	if *timer > 0 {
		bareTimer(*timer, *seconds)
		return
	}
	var seen *arrivals
	if *remember {
		seen = &arrivals{}
	}
	overGrpc := grpcServer{answer: read(*grpcAnswer), leastBytes: *grpcBytes, others: othersIn(*others, ".bin"), seen: seen}
	overRest := restServer{answer: read(*restAnswer), leastBytes: *restBytes, jsonBytes: *restJson, others: othersIn(*others, ".json"), seen: seen}
	if *bare != "" {
		bareClient(*bare, *port, read(*request), overGrpc, overRest)
		return
	}
	grpcPort := serve(overGrpc.handle, seen)
	restPort := serve(overRest.handle, seen)
	fmt.Printf("{\"grpcPort\":%d,\"restPort\":%d}\n", grpcPort, restPort)
	// The bench holds the other end of stdin: when it goes, however it goes, so does this.
	if seen != nil {
		seen.answerQuestions()
	} else {
		os.Stdin.Read(make([]byte, 1))
	}
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return content
}

// othersIn reads the files of a folder whose names end so, by the rest of their names; none where there is no folder.
func othersIn(folder, ending string) map[string][]byte {
	if folder == "" {
		return nil
	}
	found := map[string][]byte{}
	paths, err := filepath.Glob(filepath.Join(folder, "*"+ending))
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range paths {
		found[strings.TrimSuffix(filepath.Base(path), ending)] = read(path)
	}
	return found
}

// serve accepts connections on a free port of the loopback, one goroutine each; stamped ones where arrivals are remembered.
func serve(handle func(net.Conn), seen *arrivals) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				log.Fatal(err)
			}
			if seen != nil {
				if connection, err = stamp(connection); err != nil {
					log.Fatal(err)
				}
			}
			go func() {
				defer connection.Close()
				handle(connection)
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}
