import { Global, Module } from '@nestjs/common';

import { readSettings } from './settings.js';

export const SETTINGS = Symbol('settings');

@Global()
@Module({
  providers: [{ provide: SETTINGS, useFactory: () => readSettings(process.env) }],
  exports: [SETTINGS],
})
export class SettingsModule {}
