/** Codes that sign one browser in: valid for five minutes and once, whichever gateway of the home it asks. */
import { createId, RoostError } from "@roost/base";
import { beginOnce, finishOnce, type Kernel } from "@roost/kernel";
import { createTextSigner, type TextSignerOptions } from "./create-text-signer.ts";

export interface SignInCodes {
  create(): Promise<{ code: string; expiresMs: number }>;
  /** @throws RoostError `unauthenticated` for a code that is unknown, too old, or used */
  redeem(code: string): Promise<void>;
}

export const signInMsMax = 5 * 60_000;
const scope = "sign-in";

export function createSignInCodes(kernel: Kernel, given: TextSignerOptions): SignInCodes {
  const signer = createTextSigner(scope, given);
  const refuse = (why: string) =>
    new RoostError("unauthenticated", `The sign-in link ${why}: ask for another with roost open`);
  return {
    async create() {
      const { text, expiresMs } = await signer.issue(signInMsMax);
      return { code: text, expiresMs };
    },
    async redeem(code) {
      const key = await signer.verify(code);
      if (key === undefined) throw refuse("is not of this home, or older than five minutes");
      const holder = createId();
      const { state, token: held } = await beginOnce(kernel, { scope, key, holder, ttlMs: signInMsMax });
      if (state !== "begun" || held === null) throw refuse("was used before");
      await finishOnce(kernel, { scope, key, token: held, result: null, keepMs: 2 * signInMsMax });
    },
  };
}
