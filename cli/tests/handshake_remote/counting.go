// A server with Go's crypto/tls that counts handshakes, and those among them that resumed a session, and says so where it is asked.
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
)

var (
	lock                sync.Mutex
	handshakes, resumed int
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: counting CERTIFICATE KEY")
		os.Exit(1)
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(certificate, key string) error {
	identity, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{identity}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return err
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(connection.(*tls.Conn))
	}
}

func answer(connection *tls.Conn) {
	defer connection.Close()
	line := make([]byte, 4096)
	length, _ := connection.Read(line)
	state := connection.ConnectionState()
	if !state.HandshakeComplete {
		return
	}
	lock.Lock()
	defer lock.Unlock()
	if strings.HasPrefix(string(line[:length]), "count") {
		fmt.Fprintf(connection, "%d handshakes, %d resumed\n", handshakes, resumed)
		return
	}
	handshakes++
	if state.DidResume {
		resumed++
	}
}
