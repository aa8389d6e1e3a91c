/** An approval is good for one call, with the arguments that a person saw, and for no other. */
import { kernelMutant, type Mutant } from "./mutant.ts";

const tests = "approvals/approvals.test.ts";
const redeem = "approvals/redeem-approval.ts";
const once = "redeemApproval() is granted to one call, and to that one again after a crash";
const otherCall = "redeemApproval() is refused to a second call";
const otherArguments = "redeemApproval() is refused for other arguments, whatever the order of the same ones";
const without = "redeemApproval() is refused without an approval";

export const approvalMutants: readonly Mutant[] = [
  kernelMutant({
    name: "approval: for the arguments that were approved",
    edits: [{ file: redeem, find: "and a.input_hash = $3", replace: "and $3::text is not null" }],
    tests,
    kills: [otherArguments],
    spares: [without],
  }),
  kernelMutant({
    name: "approval: for one call",
    edits: [{ file: redeem, find: "b.state = 'used' and a.used_by = $4", replace: "b.state = 'used'" }],
    tests,
    kills: [otherCall],
    spares: [once],
  }),
  kernelMutant({
    name: "approval: given before it is used",
    edits: [{ file: redeem, find: "(b.state = 'granted' and", replace: "(b.state in ('granted', 'refused') and" }],
    tests,
    kills: [without],
    spares: [once],
  }),
  kernelMutant({
    name: "approval: an old one is none",
    edits: [
      {
        file: redeem,
        find: "a.decided_at > roost.now() - $5 * interval '1 millisecond'",
        replace: "$5::float8 is not null",
      },
    ],
    tests,
    kills: ["redeemApproval() is refused when the approval was not used within a day"],
    spares: [once],
  }),
  kernelMutant({
    name: "approval: asked once for each step",
    edits: [{ file: "approvals/record-approval.ts", find: 'a.id = $1 as "isNew"', replace: 'true as "isNew"' }],
    tests,
    kills: ["recordApproval() asks once for each step, with one notice, whatever begins it again"],
    spares: [once],
  }),
];
