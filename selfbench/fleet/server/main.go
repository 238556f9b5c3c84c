// The server of `npm run bench:fleet`: as much of TF Serving's API as the gate asks for, in a few megabytes, so that
// sixteen of them fit on one machine and what is measured is the deployment. It reads the same models.config, calls a
// model AVAILABLE where its version's saved_model.pb lies, and answers every predict with one constant.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const grpcPort, restPort = "8500", "8501"

func main() {
	models := readModels(os.Args[1:])
	overRest := http.NewServeMux()
	overRest.HandleFunc("GET /v1/models/{model}", models.status)
	overRest.HandleFunc("POST /v1/models/", models.predict)
	overGrpc := http.NewServeMux()
	overGrpc.HandleFunc("/tensorflow.serving.PredictionService/Predict", answerGrpc(prediction))
	overGrpc.HandleFunc("/tensorflow.serving.PredictionService/GetModelMetadata", answerGrpc(metadata))
	// It serves what lies in its folders: a config that names it is taken as it is.
	overGrpc.HandleFunc("/tensorflow.serving.ModelService/HandleReloadConfigRequest", answerGrpc(nil))
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	go func() {
		log.Fatal((&http.Server{Addr: ":" + grpcPort, Handler: overGrpc, Protocols: protocols}).ListenAndServe())
	}()
	log.Fatal(http.ListenAndServe(":"+restPort, overRest))
}

// folders are the models' folders by name.
type folders map[string]string

var entry = regexp.MustCompile(`name:\s*"([^"]+)"\s*base_path:\s*"([^"]+)"`)

func readModels(arguments []string) folders {
	models := folders{}
	for _, argument := range arguments {
		path, found := strings.CutPrefix(argument, "--model_config_file=")
		if !found {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		for _, match := range entry.FindAllStringSubmatch(string(text), -1) {
			models[match[1]] = match[2]
		}
	}
	return models
}

func (models folders) versions(model string) []string {
	folder, found := models[model]
	if !found {
		return nil
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*", "saved_model.pb"))
	for i, file := range files {
		files[i] = filepath.Base(filepath.Dir(file))
	}
	return files
}

func (models folders) status(answer http.ResponseWriter, request *http.Request) {
	states := []string{}
	for _, version := range models.versions(request.PathValue("model")) {
		states = append(states, fmt.Sprintf(
			`{"version":%q,"state":"AVAILABLE","status":{"error_code":"OK","error_message":""}}`, version))
	}
	write(answer, states, fmt.Sprintf(`{"model_version_status":[%s]}`, strings.Join(states, ",")))
}

var predicted = regexp.MustCompile(`^/v1/models/([^/:]+)(?:/versions/[0-9]+)?:predict$`)

func (models folders) predict(answer http.ResponseWriter, request *http.Request) {
	io.Copy(io.Discard, request.Body)
	match := predicted.FindStringSubmatch(request.URL.Path)
	if match == nil {
		http.NotFound(answer, request)
		return
	}
	write(answer, models.versions(match[1]), `{"outputs":{"detection_scores":[[0.5]]}}`)
}

func write(answer http.ResponseWriter, versions []string, body string) {
	answer.Header().Set("Content-Type", "application/json")
	if len(versions) == 0 {
		answer.WriteHeader(http.StatusNotFound)
		body = `{"error":"Servable not found"}`
	}
	io.WriteString(answer, body)
}

// answerGrpc answers every call with one message.
func answerGrpc(message []byte) http.HandlerFunc {
	framed := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
	return func(answer http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		answer.Header().Set("Content-Type", "application/grpc")
		answer.Header().Set("Trailer", "grpc-status")
		answer.Write(framed)
		answer.Header().Set("grpc-status", "0")
	}
}

// prediction is a PredictResponse: outputs["detection_scores"] is a float tensor of shape [1,1] with the value 0.5.
var prediction = field(1, append(
	field(1, []byte("detection_scores")),
	field(2, append(
		[]byte{1<<3 | 0, 1}, // dtype: DT_FLOAT
		append(
			field(2, append(field(2, []byte{1<<3 | 0, 1}), field(2, []byte{1<<3 | 0, 1})...)), // two dimensions of size 1
			field(5, []byte{0, 0, 0, 0x3f})..., // float_val: 0.5
		)...,
	))...,
))

// metadata is a GetModelMetadataResponse: whatever label is asked for leads to version 1, the only one that the benchmark has.
var metadata = field(1, append(field(1, []byte("null")), field(2, []byte{1<<3 | 0, 1})...))

// field is a field of a message with a length: its number, the length, the content. All of them are short.
func field(number byte, content []byte) []byte {
	return append([]byte{number<<3 | 2, byte(len(content))}, content...)
}
