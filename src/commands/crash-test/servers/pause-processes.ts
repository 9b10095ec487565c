const paused = new Set<number>();
process.once('exit', () => {
  for (const pid of paused) send(pid, 'SIGCONT');
});

/** Stops processes until it is disposed of, or we end: a stopped process hears of nothing, not even of our end. */
export function pauseProcesses(pids: readonly number[]): Disposable {
  for (const pid of pids) {
    paused.add(pid);
    send(pid, 'SIGSTOP');
  }
  return {
    [Symbol.dispose]() {
      for (const pid of pids) {
        send(pid, 'SIGCONT');
        paused.delete(pid);
      }
    },
  };
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
