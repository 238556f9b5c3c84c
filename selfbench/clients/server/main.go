// The server of `npm run bench:clients`: fixed answers over gRPC and REST, as lean as can be, so that what is measured is
// the client. It checks each request's length and answers a short one with an error.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
)

func main() {
	grpcAnswer := flag.String("grpc-answer", "", "file with the answer's message")
	restAnswer := flag.String("rest-answer", "", "file with the answer's JSON")
	grpcBytes := flag.Int("grpc-request-bytes", 0, "the least a gRPC request's message may have")
	restBytes := flag.Int("rest-request-bytes", 0, "the least a REST request's body may have")
	flag.Parse()
	overGrpc := grpcServer{answer: read(*grpcAnswer), leastBytes: *grpcBytes}
	overRest := restServer{answer: read(*restAnswer), leastBytes: *restBytes}
	grpcPort := serve(overGrpc.handle)
	restPort := serve(overRest.handle)
	fmt.Printf("{\"grpcPort\":%d,\"restPort\":%d}\n", grpcPort, restPort)
	// The bench holds the other end of stdin: when it goes, however it goes, so does this.
	os.Stdin.Read(make([]byte, 1))
}

func read(path string) []byte {
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return content
}

// serve accepts connections on a free port of the loopback, one goroutine each.
func serve(handle func(net.Conn)) int {
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
			go func() {
				defer connection.Close()
				handle(connection)
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}
