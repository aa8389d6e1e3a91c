/** Keeps answers of a service's operations by idempotency key, through the functions granted to its role. */
import type { Logger } from "@roost/base";
import type { KeepAnswer } from "@roost/contract";
import type { Sql } from "@roost/database";
import { createKeepAnswer, type KnownAnswer } from "@roost/kernel";

export function createKeepServiceAnswer(sql: Sql, logger: Logger): KeepAnswer {
  return createKeepAnswer(
    {
      async begin({ scope, key, token }, { fingerprint, mayRepeat }) {
        const [row] = await sql.query<{ isBegun: boolean }>(
          `select service.begin_answer_1($1, $2, $3, $4, $5) as "isBegun"`,
          [scope, key, fingerprint, token, mayRepeat],
        );
        return row!.isBegun;
      },
      async read({ scope, key }) {
        const [known] = await sql.query<KnownAnswer>(
          `select fingerprint, begun_at as "begunAt", ended_at as "endedAt", is_busy as "isBusy", output, bytes from service.read_answer_1($1, $2)`,
          [scope, key],
        );
        return known;
      },
      async keep({ scope, key, token }, text, bytes) {
        await sql.query("select service.keep_answer_1($1, $2, $3, $4, $5)", [scope, key, token, text, bytes]);
      },
      async forget({ scope, key, token }, isFree) {
        await sql.query("select service.forget_answer_1($1, $2, $3, $4)", [scope, key, token, isFree]);
      },
    },
    { logger },
  );
}
