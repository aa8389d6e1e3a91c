import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { serve, type Call } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { leaveToHome } from "./leave-to-home.ts";

const address = "https://attic.example";
const call = {} as Call;

test("leaveToHome() refuses what needs the home, and leaves what is only read to it where its disk turns out to be needed", async () => {
  const onDiskAlone = () => {
    throw new RoostError("unavailable", "long.bin is on the disk alone", { details: { needs: "home" } });
  };
  const left = { code: "unavailable", details: { needs: "home", address, httpStatus: 501 } };
  const removing = serve(operations.removeFile, onDiskAlone);
  assert.throws(() => {
    throw leaveToHome(removing, address).refuse!();
  }, left);
  assert.equal(leaveToHome(removing, undefined).refuse, undefined);

  const reading = leaveToHome(serve(operations.hashFile, onDiskAlone), address);
  await assert.rejects(async () => await reading.handler({} as never, call), {
    ...left,
    message: `long.bin is on the disk alone: ask the gateway there, ${address}`,
  });
  // What may have begun something is not for the home to be asked again.
  const writing = leaveToHome(serve(operations.putFile, onDiskAlone), address);
  await assert.rejects(async () => await writing.handler({} as never, call), { details: { needs: "home" } });
});
