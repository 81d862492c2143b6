import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One account of a user, in one currency. */
@Entity()
export class Account {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('varchar')
  user!: string;

  @Column('varchar')
  currency!: string;
}
