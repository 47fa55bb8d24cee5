import { Injectable } from '@nestjs/common';

import { DatabaseService } from '../database/database.service.js';

export interface Case {
  id: string;
  number: string;
  title: string;
  status: string;
  priority: string;
  openedOn: string;
}

const COLUMNS = `id, case_number AS number, title, status, priority,
  to_char(opened_on, 'YYYY-MM-DD') AS "openedOn"`;

@Injectable()
export class CasesService {
  constructor(private readonly database: DatabaseService) {}

  /** The newest cases first, all states unless `status` is given. */
  async list(status: string | null, limit: number): Promise<Case[]> {
    return this.database.query<Case>(
      `SELECT ${COLUMNS} FROM cases
       WHERE deleted_at IS NULL AND ($1::text IS NULL OR status::text = $1)
       ORDER BY opened_on DESC, case_number LIMIT $2`,
      [status, limit],
    );
  }

  async byNumber(number: string): Promise<Case | null> {
    const [found] = await this.database.query<Case>(
      `SELECT ${COLUMNS} FROM cases WHERE deleted_at IS NULL AND case_number = $1`,
      [number],
    );
    return found ?? null;
  }

  async count(): Promise<number> {
    const [{ count }] = await this.database.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM cases WHERE deleted_at IS NULL',
    );
    return count;
  }
}
