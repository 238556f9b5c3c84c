/**
 * A watchdog: from `expect(ms)` until `rest()` something must be `heard()` every `ms` milliseconds, else it calls `onSilence`,
 * once, with those milliseconds.
 */
export function watchdog(onSilence: (ms: number) => void) {
  let timer: NodeJS.Timeout | undefined;
  let limitMs: number | undefined;
  const arm = () => {
    clearTimeout(timer);
    if (limitMs !== undefined) timer = setTimeout(onSilence, limitMs, limitMs);
  };
  return {
    expect(ms: number) {
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
