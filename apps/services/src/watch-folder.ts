import { watch } from "node:fs";

/** Editors write a file in several steps. */
const settleMs = 500;

/** Calls back once for each burst of changes below a folder. One that cannot be watched is not. */
export function watchFolder(directory: string, onChange: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const onEvent = () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, settleMs).unref();
  };
  const watcher = watch(directory, { recursive: true, persistent: false }, onEvent).on("error", () => watcher.close());
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
