/** Operations on people, what is known of them, and who they are. */
import { defineOperation, pageFields, pageOf } from "@roost/contract";
import { Count, text } from "@roost/contract/operations";
import { z } from "zod";
import { personLimits } from "./limits.ts";
import {
  Day,
  DayText,
  Handle,
  Label,
  Note,
  Person,
  PersonDetails,
  PersonName,
  Relation,
  Suggestion,
  Tag,
  handleId,
  noteId,
  personId,
  relationId,
  suggestionId,
} from "./records.ts";

/** What people and books wrote is quoted, not believed. */
const GivenHandle = z.object({
  kind: z.enum(["phone", "email", "username"]),
  value: text(personLimits.handleMax).min(1),
  service: Label.optional().describe("Of a user name: telegram, signal"),
  label: Label.optional(),
});

export const listPeople = defineOperation({
  id: "listPeople",
  method: "GET",
  path: "/people",
  summary: "People by name, by tag, or those not spoken to for longer than wanted",
  input: z.object({
    ...pageFields,
    ids: z.array(personId).max(500).optional().describe("Only these, listed or not"),
    name: text(200).optional().describe("Part of a name or nickname"),
    tag: Tag.optional(),
    isOverdue: z.boolean().optional().describe("Only those not spoken to for longer than wanted"),
    isListed: z.boolean().default(true).describe("False: those known from messages only"),
  }),
  output: pageOf(Person),
  effect: "readonly",
  examples: [{ summary: "Whom to call", input: { isOverdue: true } }],
});

export const getPerson = defineOperation({
  id: "getPerson",
  method: "GET",
  path: "/people/{personId}",
  summary: "A person with handles, relations, dates, notes and where each comes from",
  input: z.object({ personId }),
  output: z.object({ person: Person, details: PersonDetails }),
  errors: ["not_found"],
  // The revision is no ETag here: notes, merges and messages change the answer without it.
  effect: "readonly",
});

export const addPerson = defineOperation({
  id: "addPerson",
  method: "POST",
  path: "/people",
  summary: "Adds a person; one who has one of the handles already is that person",
  input: z.object({
    name: PersonName,
    handles: z.array(GivenHandle).max(personLimits.handlesMax).default([]),
    tags: z.array(Tag).max(personLimits.tagsMax).default([]),
    note: text(personLimits.noteMax).optional(),
  }),
  output: z.object({ person: Person, isNew: z.boolean() }),
  effect: "unsafe",
  examples: [
    { summary: "A friend", input: { name: "Ida Berg", handles: [{ kind: "phone", value: "+46 70 123 45 67" }] } },
  ],
});

export const changePerson = defineOperation({
  id: "changePerson",
  method: "PATCH",
  path: "/people/{personId}",
  summary: "Says something of a person; null takes back what was typed",
  input: z.object({
    personId,
    name: PersonName.optional(),
    organization: text(personLimits.wordMax).nullable().optional(),
    title: text(personLimits.wordMax).nullable().optional(),
    keepInTouchDays: z.number().int().min(1).max(personLimits.keepInTouchDaysMax).nullable().optional(),
    isListed: z.boolean().optional(),
    tags: z.array(Tag).max(personLimits.tagsMax).optional(),
    revision: Count.optional().describe("Refused when the person has changed since"),
  }),
  output: z.object({ person: Person }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  revision: { of: "person.revision", expected: "revision" },
});

export const addHandle = defineOperation({
  id: "addHandle",
  method: "POST",
  path: "/people/{personId}/handles",
  summary: "Adds a way to reach a person; refused when another person has it",
  input: z.object({ personId, ...GivenHandle.shape }),
  output: z.object({ handle: Handle }),
  errors: ["not_found", "conflict", "limit_exceeded"],
  effect: "idempotent",
});

export const changeHandle = defineOperation({
  id: "changeHandle",
  method: "PATCH",
  path: "/handles/{handleId}",
  summary: "Says that a handle is shared or a business's, or moves it to another person",
  input: z.object({
    handleId,
    isShared: z.boolean().optional(),
    isBusiness: z.boolean().optional(),
    label: Label.nullable().optional(),
    personId: personId.optional(),
  }),
  output: z.object({ handle: Handle }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const relatePeople = defineOperation({
  id: "relatePeople",
  method: "POST",
  path: "/people/{personId}/relations",
  summary: "Says what another person is to this one; one who is known only so is added",
  input: z.object({
    personId,
    type: Label.describe("partner, mother, colleague, or a word of your own"),
    otherId: personId.optional(),
    otherName: PersonName.optional().describe("Where the other has no entry"),
    since: Day.optional(),
    until: Day.optional(),
  }),
  output: z.object({ relation: Relation }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const endRelation = defineOperation({
  id: "endRelation",
  method: "POST",
  path: "/relations/{relationId}/end",
  summary: "Ends a relation on a day, or removes it as never true",
  input: z.object({ relationId, until: Day.optional().describe("Left out: it was never true") }),
  output: z.object({ relation: Relation.nullable() }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const addNote = defineOperation({
  id: "addNote",
  method: "POST",
  path: "/people/{personId}/notes",
  summary: "Writes a note on a person",
  input: z.object({ personId, text: text(personLimits.noteMax).min(1) }),
  output: z.object({ note: Note }),
  errors: ["not_found"],
  effect: "unsafe",
});

export const listNotes = defineOperation({
  id: "listNotes",
  method: "GET",
  path: "/people/{personId}/notes",
  summary: "Notes on a person, the latest first",
  input: z.object({ personId, ...pageFields }),
  output: pageOf(Note),
  errors: ["not_found"],
  effect: "readonly",
});

export const removeNote = defineOperation({
  id: "removeNote",
  method: "DELETE",
  path: "/notes/{noteId}",
  summary: "Removes a note",
  input: z.object({ noteId }),
  output: z.object({ isRemoved: z.boolean() }),
  effect: "idempotent",
});

export const setDate = defineOperation({
  id: "setDate",
  method: "PUT",
  path: "/people/{personId}/dates",
  summary: "Sets an important date of a person, or removes what was set",
  input: z.object({ personId, label: Label, date: DayText.nullable() }),
  output: z.object({ person: Person, details: PersonDetails }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const setCadence = defineOperation({
  id: "setCadence",
  method: "PUT",
  path: "/cadences",
  summary: "Says how often people with a tag are to be spoken to at least",
  input: z.object({ tag: Tag, days: z.number().int().min(1).max(personLimits.keepInTouchDaysMax).nullable() }),
  output: z.object({ people: Count.describe("With this tag") }),
  effect: "idempotent",
});

export const listSuggestions = defineOperation({
  id: "listSuggestions",
  method: "GET",
  path: "/suggestions",
  summary: "Pairs of people who may be one, with the reasons",
  input: z.object(pageFields),
  output: pageOf(Suggestion),
  effect: "readonly",
});

export const answerSuggestion = defineOperation({
  id: "answerSuggestion",
  method: "POST",
  path: "/suggestions/{suggestionId}/answer",
  summary: "Merges the two, or keeps them apart for good",
  input: z.object({ suggestionId, areOne: z.boolean() }),
  output: z.object({ person: Person }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const mergePeople = defineOperation({
  id: "mergePeople",
  method: "POST",
  path: "/people/{personId}/merge",
  summary: "Says that another is this person; it can be taken back exactly",
  input: z.object({ personId, otherId: personId }),
  output: z.object({ person: Person }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
});

export const unmergePerson = defineOperation({
  id: "unmergePerson",
  method: "POST",
  path: "/people/{personId}/unmerge",
  summary: "Takes a merge back: the person is their own again, with all that was theirs",
  input: z.object({ personId: personId.describe("The one who was merged into another") }),
  output: z.object({ person: Person }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const peopleOperations = [
  listPeople,
  getPerson,
  addPerson,
  changePerson,
  addHandle,
  changeHandle,
  relatePeople,
  endRelation,
  addNote,
  listNotes,
  removeNote,
  setDate,
  setCadence,
  listSuggestions,
  answerSuggestion,
  mergePeople,
  unmergePerson,
] as const;
