import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { test } from "node:test";
import { checkNeeds } from "./check-needs.ts";

test(
  "checkNeeds() ends where a server of the database takes an encrypted connection and stalls",
  { timeout: 60_000 },
  async (t) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on("error", () => {}));
      // As PostgreSQL says that it encrypts; what follows is never answered.
      socket.once("data", () => socket.write("S"));
    }).listen(0, "127.0.0.1");
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const needs = {
      homeId: "00000000-0000-4000-8000-000000000000",
      servers: [`127.0.0.1:${port}`],
      secrets: [],
      tls: { isVerified: true, authority: null, clientFiles: null },
    };
    const options = { config: { homeDir: "/nowhere", environment: {} }, note: () => {}, answerMsMax: 500 };
    await assert.rejects(checkNeeds(needs, options), { code: "unavailable", message: /no answer in time/ });
    assert.equal(sockets.length, 1);
  },
);
