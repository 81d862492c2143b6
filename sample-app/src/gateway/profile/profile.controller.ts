import { Controller, DefaultValuePipe, Get, Query } from '@nestjs/common';
import { ProfileService, type Profile } from './profile.service.js';

@Controller('profile')
export class ProfileController {
  constructor(private readonly profiles: ProfileService) {}

  @Get()
  show(@Query('user', new DefaultValuePipe('Bob')) user: string): Promise<Profile> {
    return this.profiles.load(user);
  }
}
