package main

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"
)

type restServer struct {
	answer     []byte
	leastBytes int
	// Of the answer: so much is JSON; 0: it is not said.
	jsonBytes int
	// Answers to GET, by path with _ for each /.
	others map[string][]byte
	seen   *arrivals
}

func (s restServer) handle(connection net.Conn) {
	reader := bufio.NewReaderSize(connection, 256<<10)
	good := response("200 OK", s.answer, s.jsonBytes)
	short := response("400 Bad Request", []byte(`{"error": "request is shorter than it should be"}`), 0)
	for {
		line, length, err := readHead(reader)
		if err != nil {
			return
		}
		if _, err := reader.Discard(length); err != nil {
			return
		}
		s.seen.request(connection)
		answer := good
		words := strings.Fields(line)
		if s.others != nil && len(words) > 1 && words[0] == "GET" {
			answer = response("200 OK", s.others[strings.ReplaceAll(words[1], "/", "_")], 0)
		} else if length < s.leastBytes {
			answer = short
		}
		if _, err := connection.Write(answer); err != nil {
			return
		}
	}
}

// readHead reads a request's line and headers and gives the line and its content length.
func readHead(reader *bufio.Reader) (string, int, error) {
	text := textproto.NewReader(reader)
	line, err := text.ReadLine()
	if err != nil {
		return "", 0, err
	}
	headers, err := text.ReadMIMEHeader()
	if err != nil {
		return "", 0, err
	}
	if headers.Get("Content-Length") == "" {
		return line, 0, nil
	}
	length, err := strconv.Atoi(headers.Get("Content-Length"))
	return line, length, err
}

func response(status string, body []byte, jsonBytes int) []byte {
	kind := "Content-Type: application/json"
	if jsonBytes > 0 {
		kind = fmt.Sprintf("Content-Type: application/octet-stream\r\nInference-Header-Content-Length: %d", jsonBytes)
	}
	head := fmt.Sprintf("HTTP/1.1 %s\r\n%s\r\nContent-Length: %d\r\n\r\n", status, kind, len(body))
	return append([]byte(head), body...)
}
