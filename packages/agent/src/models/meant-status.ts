const noCredit =
  /insufficient[_ ](quota|balance|credits?|funds)|credit balance is too low|account.{0,20}(arrears|overdue)|out of credits?|billing hard limit|any credits yet|all available credits|exceeded_current_quota|spend(ing)?[ _](limit|cap)|api usage limits|budget has been exceeded|account\b.{0,60}\bis suspended|balance is insufficient|\barrearage|(prepayment|included) credits|requires more credits|used all .{0,12}credits|credits? .{0,12}(depleted|exhausted|used up)|\bover budget\b|budget_exceeded|key limit exceeded|monthly (usage|spending) limit|余额不足|欠费/i;
const wrongKey =
  /(api[ _]?key|(access|auth) token)\b.{0,30}\b(not valid|invalid|incorrect|expired|not found|missing)|(invalid|incorrect|expired|missing) (api[ _]?key|authentication|authorization|access token)|API_KEY_INVALID|no auth(entication)? credentials|must provide an api[ _]?key|login fail|unauthori[sz]ed/i;
const noModel =
  /(invalid|unknown|no such|non-?existent) model\b|\bmodel\b(?:[^.]|\.(?=\S)){0,120}(\bnot (exist|found|available)\b|n['’]t (exist|available)|not supported by any provider)|not a valid model|model_not_(available|supported)|supported api model names|model identifier is invalid|\bno models? (is |are )?loaded\b|模型不存在/i;
/** It is no model to talk with: another one is. */
const otherModel =
  /does(n['’]t| not) support chat\b(?! template)|not a chat model|does not work with the specified model/i;
/** The server's or the model's own failure, whatever it is called: the next try may succeed. */
const failedReply =
  /\bmodel (has )?(has |was )?(unloaded|crashed)|failed to load model|tool_use_failed|\bfailed_generation\b/i;
const goneModel =
  /\bmodel\b(?:[^.]|\.(?=\S)){0,120}\b(decommissioned|deprecated|retired|discontinued|sunset|shut ?down|no longer (available|supported|exists?))\b|model_(decommissioned|not_found|deprecated)/i;
const refusedInput = /flagged|moderation|content policy/i;

/** The status that says what is meant: no credit is 402, a wrong key 401 and an unknown model 404, whatever was sent. Undefined for a failure without HTTP. */
export function meantStatus(status: number | undefined, text: string): number | undefined {
  if (status === undefined || status === 404) return status;
  if (noCredit.test(text)) return 402;
  if ([400, 403, 422, 500].includes(status) && wrongKey.test(text)) return 401;
  if (status === 400 && failedReply.test(text)) return 503;
  if ((status === 400 || status === 422) && (noModel.test(text) || otherModel.test(text))) return 404;
  if ((status === 400 || status === 403 || status === 410) && goneModel.test(text)) return 404;
  return status === 403 && refusedInput.test(text) ? 400 : status;
}
