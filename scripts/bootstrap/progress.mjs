// Shows progress: one line that is overwritten on a terminal, an occasional line elsewhere.

const plainLineMs = 10_000;

/**
 * @param {() => string} describe
 * @param {number} everyMs
 */
export function showProgress(describe, everyMs) {
  const startedMs = Date.now();
  const isTerminal = process.stderr.isTTY === true;
  let plainMs = startedMs;
  const line = () => `${describe()} · ${Math.round((Date.now() - startedMs) / 1000)} s`;
  const show = () => {
    if (isTerminal) return process.stderr.write(`\r\x1b[K${line()}`);
    if (Date.now() - plainMs < plainLineMs) return undefined;
    plainMs = Date.now();
    return process.stderr.write(`${line()}\n`);
  };
  process.stderr.write(isTerminal ? line() : `${describe()}\n`);
  const timer = setInterval(show, everyMs);
  return {
    end() {
      clearInterval(timer);
      process.stderr.write(`${isTerminal ? "\r\x1b[K" : ""}${line()}\n`);
    },
  };
}
