import { MiddlewareConsumer, Module, NestModule } from '@nestjs/common';
import { createHandler } from 'graphql-http/lib/use/express';

import { DatabaseModule } from '../database/database.module.js';
import { RedisModule } from '../redis/redis.module.js';
import { CasesService } from './cases.service.js';
import { RateLimitMiddleware } from './rate-limit.middleware.js';
import { CaseQueries, schema } from './schema.js';

@Module({
  imports: [DatabaseModule, RedisModule],
  providers: [CasesService, RateLimitMiddleware],
})
export class CasesModule implements NestModule {
  constructor(private readonly cases: CasesService) {}

  configure(consumer: MiddlewareConsumer): void {
    const answer = createHandler({ schema, rootValue: new CaseQueries(this.cases) });
    consumer.apply(RateLimitMiddleware, answer).forRoutes('graphql');
  }
}
