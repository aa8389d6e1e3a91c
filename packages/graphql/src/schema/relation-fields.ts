/** The fields that relations add to a record: what it refers to, and, on the way back, the lists of what refers to it. */
import { GraphQLList, GraphQLNonNull, type GraphQLFieldConfigMap, type GraphQLObjectType } from "graphql";
import type { GraphqlContext } from "../graphql-context.ts";
import { costOfInverse, followInverse, planInverse } from "./inverse-plan.ts";
import { nameOf } from "./names.ts";
import type { FieldCost } from "./operation-field.ts";
import { followRelation, planRelation } from "./relation-plan.ts";
import type { ServiceModel } from "./service-model.ts";

type Fields = GraphQLFieldConfigMap<unknown, GraphqlContext>;

/** The object type of a component of a service. */
export type ObjectOf = (service: string, component: string) => GraphQLObjectType | undefined;

export interface RelationFieldsOptions {
  models: ReadonlyMap<string, ServiceModel>;
  objectOf: ObjectOf;
  /** Takes what is left out, and why. */
  problems: string[];
}

export function relationFields(component: string, model: ServiceModel, options: RelationFieldsOptions): Fields {
  const { models, objectOf, problems } = options;
  const fields: Fields = {};
  const leaveOut = (service: string, name: string, reason: string) =>
    problems.push(`${service}: the relation ${component}.${name} is left out: ${reason}`);
  for (const relation of model.relations.filter(({ from }) => from === component)) {
    const plan = planRelation(relation, model, models);
    const type = typeof plan === "string" ? undefined : objectOf(plan.target.name, plan.record);
    if (typeof plan === "string" || type === undefined) {
      leaveOut(model.name, relation.name, typeof plan === "string" ? plan : `${plan.record} is no object`);
      continue;
    }
    fields[nameOf(relation.name)] = {
      type: plan.isList ? new GraphQLList(type) : type,
      description: `By \`${relation.field}\`; null when it is gone`,
      extensions: { cost: { calls: plan.takesMany ? "batch" : "each" } satisfies FieldCost },
      resolve: (record, _args, context) => followRelation(plan, record, context),
    };
  }
  for (const from of models.values()) {
    for (const relation of from.relations) {
      const { inverse, to, as = to, service = from.name } = relation;
      if (inverse === undefined || service !== model.name || (to !== component && as !== component)) continue;
      const plan = planInverse({ ...relation, inverse }, from);
      const type = objectOf(from.name, relation.from);
      if (typeof plan === "string" || type === undefined) {
        leaveOut(from.name, inverse.name, typeof plan === "string" ? plan : `${relation.from} is no object`);
        continue;
      }
      fields[nameOf(inverse.name)] = {
        type: new GraphQLList(new GraphQLNonNull(type)),
        description: `Those whose \`${relation.field}\` is its id`,
        extensions: { cost: { calls: "batch", reads: costOfInverse(plan) } satisfies FieldCost },
        resolve: (record, _args, context) => followInverse(plan, record, context),
      };
    }
  }
  return fields;
}
