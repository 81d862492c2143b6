import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity()
export class Mailbox {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('varchar')
  name!: string;
}
