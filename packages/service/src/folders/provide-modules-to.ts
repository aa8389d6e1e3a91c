/** Programs of a home have no installation of their own: what they import is looked up from Roost. */
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Lets programs below a folder outside of Roost import Roost's packages and what these depend on. */
export function provideModulesTo(directory: string): Disposable {
  const below = pathToFileURL(join(directory, "/")).href;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (context.parentURL?.startsWith(below) !== true || /^[./]|^\w+:/.test(specifier))
        return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
        return next(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
  return { [Symbol.dispose]: () => hooks.deregister() };
}
