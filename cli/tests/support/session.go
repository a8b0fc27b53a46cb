// Resumes sessions with Go's crypto/tls, as a client or a server, and says of each connection whether it was resumed. The server counts them,
// and says how many there were where it is asked.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
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
	if len(os.Args) != 4 {
		fail(errors.New("usage: session client CA ADDRESS, or session server CERTIFICATE KEY"))
	}
	run := client
	if os.Args[1] == "server" {
		run = server
	}
	if err := run(os.Args[2], os.Args[3]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Three requests on connections of their own.
func client(ca, address string) error {
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	config := &tls.Config{
		MinVersion:         tls.VersionTLS13,
		RootCAs:            x509.NewCertPool(),
		ServerName:         "localhost",
		ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	config.RootCAs.AppendCertsFromPEM(pem)
	for times := 0; times < 3; times++ {
		connection, err := tls.Dial("tcp", address, config)
		if err != nil {
			return err
		}
		if _, err = io.WriteString(connection, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
			return err
		}
		answer, err := io.ReadAll(connection)
		if err != nil {
			return err
		}
		fmt.Println(connection.ConnectionState().DidResume, bytes.Contains(answer, []byte(" resumed, ")))
		connection.Close()
	}
	return nil
}

// Answers whatever comes, until it is ended.
func server(certificate, key string) error {
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
	if length > 0 {
		fmt.Fprintln(connection, "resumed:", state.DidResume)
	}
}
