import { buildSchema, GraphQLError } from 'graphql';

import type { Case, CasesService } from './cases.service.js';

export const MOST_CASES = 100;

export const schema = buildSchema(`
  type Case {
    id: ID!
    number: String!
    title: String!
    status: String!
    priority: String!
    "The day as YYYY-MM-DD."
    openedOn: String!
  }

  type Query {
    "The newest cases first; limit is 1 to ${MOST_CASES}."
    cases(status: String, limit: Int = 20): [Case!]!
    case(number: String!): Case
    caseCount: Int!
  }
`);

interface CasesArguments {
  status?: string | null;
  limit: number;
}

/** What answers the fields of Query. */
export class CaseQueries {
  constructor(private readonly service: CasesService) {}

  async cases({ status, limit }: CasesArguments): Promise<Case[]> {
    if (limit < 1 || limit > MOST_CASES) {
      throw new GraphQLError(`limit must be 1 to ${MOST_CASES}, not ${limit}`);
    }
    return this.service.list(status ?? null, limit);
  }

  async case({ number }: { number: string }): Promise<Case | null> {
    return this.service.byNumber(number);
  }

  async caseCount(): Promise<number> {
    return this.service.count();
  }
}
