/** Sessions of the person: what is said in them, and to them, takes the scope `main` beside that of the operation. */
import { coversScope, requireScope, type AnyOperation, type Principal } from "@roost/contract";
import { sessionKinds, type SessionKind } from "@roost/contract/operations";
import { kindOfSession } from "@roost/memory";

const mainScope = "main";
/** Whose runs know what main knows. */
const personKinds: ReadonlySet<SessionKind> = new Set<SessionKind>(["main", "heartbeat", "subagent"]);

export function maySeeMain(scopes: readonly string[]): boolean {
  return coversScope(scopes, mainScope);
}

/** Keys, or kinds alone. @throws RoostError `forbidden` when one of them is the person's and the caller lacks the scope `main` */
export function requireSessions(principal: Principal, keys: readonly string[], { id }: Pick<AnyOperation, "id">): void {
  if (keys.some((key) => personKinds.has(kindOfSession(key))))
    requireScope(principal, mainScope, `${id} of a session of the person`);
}

/** Undefined: all kinds. */
export function kindsShownTo({ scopes }: Principal, asked: SessionKind | undefined): SessionKind[] | undefined {
  const kinds = asked === undefined ? undefined : [asked];
  return maySeeMain(scopes) ? kinds : (kinds ?? sessionKinds).filter((kind) => !personKinds.has(kind));
}
