import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger, systemClock } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { keepHome } from "./keep-home.ts";
import { openToken } from "./security/open-token.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";

test("keepHome() tells other gateways on the home's directory of a file for which a person has vouched", async () => {
  await using gateway = await createTestGateway();
  const { memory, homeDir, kernel, test: place } = gateway;
  const keeper = await keepHome(memory, {
    homeId: kernel.createId(),
    known: {} as never,
    supervised: { tellServices: () => undefined, askForRestart: () => true },
    environment: {},
    token: await openToken(homeDir, { clock: systemClock, logger: silentLogger }),
  });
  const another = await place.openAnother();
  let isWoken = false;
  using _trusted = another.wakeups.subscribe("trusted", () => (isWoken = true));
  await until("the other one is woken", () => {
    keeper.onTrusted();
    return isWoken;
  });
  assert.ok(isWoken);
});
