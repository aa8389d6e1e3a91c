import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { processExists, RoostError } from "@roost/base";

/** One process keeps a copy at a time. @throws RoostError `conflict` while another one does */
export async function lockCopy(homeDir: string): Promise<AsyncDisposable> {
  const path = join(homeDir, ".roost", "copy", "sync.pid");
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      await writeFile(path, `${process.pid}`, { flag: "wx", mode: 0o600 });
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    if (pid > 0 && pid !== process.pid && processExists(pid))
      throw new RoostError(
        "conflict",
        `process ${pid} keeps this copy already: end it first, or delete ${path} if it is another program`,
      );
    await rm(path, { force: true });
  }
}
