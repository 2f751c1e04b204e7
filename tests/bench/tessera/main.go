// Appends entries to a log of Tessera's, in one process, on POSIX storage, and prints how many a second are published.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	folder := flag.String("folder", "", "where the log is made; empty")
	entries := flag.Int("entries", 100_000, "how many are appended")
	size := flag.Int("size", 600, "bytes of each")
	batch := flag.Uint("batch", 256, "entries that are integrated together")
	flag.Parse()

	ctx := context.Background()
	private, _, err := note.GenerateKey(rand.Reader, "cets.bench/tessera")
	check(err)
	signer, err := note.NewSigner(private)
	check(err)
	driver, err := posix.New(ctx, posix.Config{Path: *folder})
	check(err)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(time.Second).
		WithBatching(*batch, 250*time.Millisecond).
		WithPushback(uint(*entries)+1))
	check(err)

	started := time.Now()
	waiting := make([]tessera.IndexFuture, 0, *entries)
	data := make([]byte, *size)
	_, err = rand.Read(data)
	check(err)
	for number := range *entries {
		own := append([]byte(nil), data...)
		binary.BigEndian.PutUint64(own, uint64(number))
		waiting = append(waiting, appender.Add(ctx, tessera.NewEntry(own)))
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 10*time.Millisecond)
	// The last that is assigned an index is published last.
	for _, future := range waiting[:len(waiting)-1] {
		_, err = future()
		check(err)
	}
	_, _, err = awaiter.Await(ctx, waiting[len(waiting)-1])
	check(err)
	fmt.Printf("%.0f\n", float64(*entries)/time.Since(started).Seconds())
	check(shutdown(ctx))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
