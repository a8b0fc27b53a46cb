// Serves a file over TLS 1.3 and HTTP/1.1 with Go's net/http: as a file with its length at /page, and in chunks at /chunks. What is posted
// anywhere else is read and counted; the answer is how much there has been.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
)

func main() {
	certificate, key, page := os.Args[1], os.Args[2], os.Args[3]
	var posted atomic.Int64
	http.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, page) })
	http.HandleFunc("/chunks", func(w http.ResponseWriter, r *http.Request) {
		file, err := os.Open(page)
		if err != nil {
			panic(err)
		}
		defer file.Close()
		piece := make([]byte, 10_000)
		for {
			count, err := file.Read(piece)
			if err != nil {
				return
			}
			w.Write(piece[:count])
			w.(http.Flusher).Flush()
		}
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		count, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprintf(w, "%d posted\n", posted.Add(count))
	})
	identity, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		panic(err)
	}
	// Without "h2", so that HTTP/1.1 is what is left.
	config := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{identity}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, nil))
}
