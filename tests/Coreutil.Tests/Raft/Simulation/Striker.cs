using Coreutil.Raft;

namespace Coreutil.Tests.Raft.Simulation;

/// <summary>Does to the cluster what a plan says.</summary>
internal sealed class Striker(World world, List<SimulatedMember> members, Network network)
{
    private const int MaximumMembers = 7;

    public void Strike(Fault fault, SimulatedMember? leader, Func<SimulatedMember> addMember)
    {
        if ((fault.Member < 0 && fault.Kind is not (FaultKind.FellNextLeader or FaultKind.FellNextInstaller) ? leader : members[Math.Max(0, fault.Member) % members.Count]) is not { } member)
        {
            return;
        }

        switch (fault.Kind)
        {
            case FaultKind.Crash:
                Crash(member, fault.Amount);
                break;
            case FaultKind.CrashAll:
                foreach (var each in members)
                {
                    Crash(each, fault.Amount);
                }

                break;
            case FaultKind.LyingCrash:
                Lie(members[0], fault.Amount);
                break;
            case FaultKind.Isolate:
                Cut(member, isDeaf: true, isSilent: true);
                break;
            case FaultKind.Deafen:
                Cut(member, isDeaf: true, isSilent: false);
                break;
            case FaultKind.Silence:
                Cut(member, isDeaf: false, isSilent: true);
                break;
            case FaultKind.FellNextLeader:
                world.FellNextLeader(fault);
                break;
            case FaultKind.FellNextInstaller:
                world.FellNextInstaller(fault);
                break;
            case FaultKind.Split:
                Split(fault.Amount);
                break;
            case FaultKind.Heal:
                network.Heal();
                break;
            case FaultKind.Pause:
                member.PausedUntil = world.Now + (fault.Amount * World.Tick);
                break;
            case FaultKind.Skew:
                // Between half and one and a half of the right speed.
                member.TickLength = (World.Tick / 2) + (World.Tick * fault.Amount / 60);
                break;
            case FaultKind.SlowDisk:
                member.SlowDisk = fault.Amount;
                break;
            case FaultKind.TransferLeadership:
                leader?.TransferLeadership(member.Id);
                break;
            case FaultKind.AddVoter or FaultKind.AddLearner when leader is not null:
                var learners = leader.Node!.Members.Learners;
                bool isPromotion = fault.Kind == FaultKind.AddVoter && !learners.IsEmpty;
                if (isPromotion || members.Count < MaximumMembers)
                {
                    var id = isPromotion ? learners[0] : Started(addMember()).Id;
                    leader.ProposeChange(new(fault.Kind == FaultKind.AddVoter ? MembershipChangeKind.AddVoter : MembershipChangeKind.AddLearner, id));
                }

                break;
            case FaultKind.RemoveMember:
                leader?.ProposeChange(new(MembershipChangeKind.Remove, member.Id));
                break;
        }
    }

    private static SimulatedMember Started(SimulatedMember member)
    {
        member.Start();
        return member;
    }

    private void Crash(SimulatedMember member, int ticks)
    {
        if (member.Node is not null)
        {
            member.Crash();
            world.At(ticks * World.Tick, new Event.Restart(member.Id, member.Life));
        }
    }

    /// <summary>The disk loses what it had acknowledged, as far as a majority of the others has it.</summary>
    private void Lie(SimulatedMember member, int most)
    {
        if (member is { Node: not null, Disk: RecordDisk disk })
        {
            member.Crash();
            int lost = disk.Lie(most, position => members.Count(other => other != member && other.Disk.IsDurable(position)) >= world.FirstMembers.Quorum);
            member.HasLied |= lost > 0;
            world.Trace($"{member.Id} lost {lost} batches that were synced");
            world.At(most * World.Tick, new Event.Restart(member.Id, member.Life));
        }
    }

    private void Cut(SimulatedMember member, bool isDeaf, bool isSilent)
    {
        foreach (var other in members.Where(other => other != member))
        {
            if (isDeaf)
            {
                network.Cut(other.Id, member.Id);
            }

            if (isSilent)
            {
                network.Cut(member.Id, other.Id);
            }
        }
    }

    private void Split(int sides)
    {
        foreach (var one in members)
        {
            foreach (var other in members.Where(other => SideOf(other) != SideOf(one)))
            {
                network.Cut(one.Id, other.Id);
            }
        }

        int SideOf(SimulatedMember member) => (sides >> ((int)member.Id.Value - 1)) & 1;
    }
}
