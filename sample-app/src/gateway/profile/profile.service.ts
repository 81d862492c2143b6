import { setTimeout } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';

const LOAD_MS = 60;

export interface Profile {
  user: string;
  currency: string;
}

@Injectable()
export class ProfileService {
  private readonly logger = new Logger(ProfileService.name);

  async load(user: string): Promise<Profile> {
    this.logger.log('Loading profile');
    await setTimeout(LOAD_MS);
    this.logger.log('Profile retrieved');
    return { user, currency: 'EUR' };
  }
}
