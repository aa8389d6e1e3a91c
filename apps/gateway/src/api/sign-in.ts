import { serve, type Served } from "@roost/contract";
import { createSignInCode } from "@roost/contract/operations";
import type { SignInCodes } from "../security/sign-in-codes.ts";

export function serveSignIn({ codes }: { codes: SignInCodes }): Served[] {
  return [
    serve(createSignInCode, async () => {
      const { code, expiresMs } = await codes.create();
      return { code, expiresAt: new Date(expiresMs).toISOString() };
    }),
  ];
}
