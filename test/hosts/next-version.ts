/** Loaded with --import: the program is of the next minor version, as far as what it says of itself goes. */
import { registerHooks } from "node:module";

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith("/packages/kernel/package.json")) return loaded;
    const source = String(loaded.source).replace(
      /"version": "(\d+)\.(\d+)\.\d+"/,
      (_, major: string, minor: string) => `"version": "${major}.${Number(minor) + 1}.0"`,
    );
    return { ...loaded, source };
  },
});
