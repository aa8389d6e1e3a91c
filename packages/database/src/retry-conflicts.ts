/** Retries what PostgreSQL rolled back in favour of another transaction. The attempt must have no effects outside the database. */
import { backoffMs, delay, jitteredMs, RoostError } from "@roost/base";
import { isStalePlan, isTransientConflict, isUnseenPartition } from "./to-database-error.ts";

const attemptsMax = 8;
const retryDelay = { firstMs: 4, maxMs: 250 };

/** @throws what `attempt` throws, and RoostError `unavailable` after 8 conflicts */
export async function retryConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTransientConflict(error) && !isStalePlan(error) && !isUnseenPartition(error)) throw error;
      if (count === attemptsMax) {
        // Then it is missing.
        if (isUnseenPartition(error)) throw error;
        throw new RoostError(
          "unavailable",
          `the transaction was rolled back in favour of others ${attemptsMax} times (limit ${attemptsMax}): try again later`,
          { cause: error },
        );
      }
    }
    await delay(jitteredMs(backoffMs(count + 1, retryDelay)));
  }
}
