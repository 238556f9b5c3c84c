/** Sees to it that something is heard in time, as long as something is expected. */
export interface Watchdog {
  /** From now on something must be heard every `ms` milliseconds. */
  expect(ms: number): void;
  /** Something was. */
  heard(): void;
  /** Nothing is expected any more. */
  rest(): void;
}

/** A watchdog that calls `onSilence`, once, with the milliseconds in which nothing was heard. */
export function watchdog(onSilence: (ms: number) => void): Watchdog {
  let timer: NodeJS.Timeout | undefined;
  let limitMs: number | undefined;
  const arm = () => {
    clearTimeout(timer);
    if (limitMs !== undefined) timer = setTimeout(onSilence, limitMs, limitMs);
  };
  return {
    expect(ms) {
      limitMs = ms;
      arm();
    },
    heard: arm,
    rest() {
      limitMs = undefined;
      clearTimeout(timer);
    },
  };
}
