package main

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
)

type restServer struct {
	answer     []byte
	leastBytes int
}

func (s restServer) handle(connection net.Conn) {
	reader := bufio.NewReaderSize(connection, 256<<10)
	good := response("200 OK", s.answer)
	short := response("400 Bad Request", []byte(`{"error": "request is shorter than it should be"}`))
	for {
		length, err := readHead(reader)
		if err != nil {
			return
		}
		if _, err := reader.Discard(length); err != nil {
			return
		}
		answer := good
		if length < s.leastBytes {
			answer = short
		}
		if _, err := connection.Write(answer); err != nil {
			return
		}
	}
}

// readHead reads a request's line and headers and gives its content length.
func readHead(reader *bufio.Reader) (int, error) {
	text := textproto.NewReader(reader)
	if _, err := text.ReadLine(); err != nil {
		return 0, err
	}
	headers, err := text.ReadMIMEHeader()
	if err != nil {
		return 0, err
	}
	if headers.Get("Content-Length") == "" {
		return 0, nil
	}
	return strconv.Atoi(headers.Get("Content-Length"))
}

func response(status string, body []byte) []byte {
	head := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", status, len(body))
	return append([]byte(head), body...)
}
