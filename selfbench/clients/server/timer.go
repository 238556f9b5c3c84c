package main

import (
	"encoding/json"
	"fmt"
	"log"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

// prSetTimerslack is prctl's number for how late Linux may wake a sleeper, so as to wake several at once.
const prSetTimerslack = 29

// spinShare is the part of the time between two calls for which the loop turns instead of sleeping, as Lathe's clock does.
const spinShare = 0.15

// bareTimer wakes whenever a call would be due, makes none, and prints how late each wake-up was, in milliseconds: what the machine itself
// costs every generator that runs where this runs. Nothing that Go does by itself comes between: no other thread takes this one's turn (raw
// calls to the kernel), and no garbage is collected.
func bareTimer(ratePerSecond int, seconds int) {
	runtime.LockOSThread()
	debug.SetGCPercent(-1)
	syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerslack, 1, 0)
	period := time.Second / time.Duration(ratePerSecond)
	spin := time.Duration(spinShare * float64(period))
	lateMs := make([]float64, ratePerSecond*seconds)
	for i := range lateMs {
		lateMs[i] = -1 // The memory is there before the clock runs.
	}
	begin := time.Now().Add(10 * time.Millisecond)
	for i := range lateMs {
		due := time.Duration(i) * period
		sleepUntil(begin, due-spin)
		at := time.Since(begin)
		for at < due {
			at = time.Since(begin)
		}
		lateMs[i] = float64(at-due) / 1e6
	}
	text, err := json.Marshal(map[string][]float64{"lateMs": lateMs})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", text)
}

// sleepUntil sleeps until so long after a time. A signal may end a sleep early: then it sleeps again.
func sleepUntil(begin time.Time, after time.Duration) {
	for left := after - time.Since(begin); left > 0; left = after - time.Since(begin) {
		span := syscall.NsecToTimespec(int64(left))
		syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&span)), 0, 0)
	}
}
