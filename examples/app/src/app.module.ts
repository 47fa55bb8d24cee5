import { Module } from '@nestjs/common';

import { CasesModule } from './cases/cases.module.js';
import { SettingsModule } from './config/settings.module.js';
import { EventsModule } from './events/events.module.js';
import { HealthModule } from './health/health.module.js';

@Module({ imports: [SettingsModule, HealthModule, CasesModule, EventsModule] })
export class AppModule {}
