namespace Coreutil.Raft;

// Log replication: Raft §5.3 and §5.4.2, snapshots §7.
public sealed partial class RaftNode
{
    private void SendAppends()
    {
        foreach (var peer in _peers)
        {
            SendAppends(peer);
        }
    }

    /// <summary>As many as the window allows; one without entries if its answer or the commit index is wanted.</summary>
    private void SendAppends(Progress peer)
    {
        bool isDue = peer.IsAppendDue || peer.SentCommit < CommitIndex;
        while (!peer.IsPaused(_config))
        {
            ulong previous = peer.Next - 1;
            if (_log.TermAt(previous) is not { } previousTerm)
            {
                SendSnapshot(peer);
                return;
            }

            var entries = _log.SliceOfBytes(previous, _config.MaximumMessageBytes);
            if (entries.IsEmpty && !isDue)
            {
                return;
            }

            SendEarly(new Message.Append(Id, peer.Id, Term, new LogPosition(previousTerm, previous), entries, CommitIndex));
            isDue = false;
            long bytes = 0;
            foreach (var entry in entries)
            {
                bytes += entry.Size;
            }

            peer.OnSent(previous + (ulong)entries.Length, bytes, !entries.IsEmpty, CommitIndex);
        }
    }

    private void SendSnapshot(Progress peer)
    {
        // Not to a member that is away: it would only be lost.
        if (peer.IsActive)
        {
            SendEarly(new Message.InstallSnapshot(Id, peer.Id, Term, _snapshot));
            peer.OnSnapshotSent(_snapshot.Index);
        }
    }

    private void SendHeartbeats()
    {
        _ticksSinceHeartbeat = 0;
        foreach (var peer in _peers)
        {
            // What the member did not acknowledge it might not have, so it may not commit it. Of what is compacted the term is not known.
            ulong commit = Math.Min(peer.Match, CommitIndex);
            var position = _log.TermAt(commit) is { } term ? new LogPosition(term, commit) : default;
            SendEarly(new Message.Heartbeat(Id, peer.Id, Term, position, _readRound));
        }
    }

    private void OnAppend(Message.Append append)
    {
        if (append.Previous.Index < CommitIndex)
        {
            // Overtaken: what is committed agrees already.
            AcceptAppend(append.From, CommitIndex);
            return;
        }

        if (!_log.Has(append.Previous))
        {
            var hint = _log.LastPossibleMatch(append.Previous.Index, append.Previous.Term);
            Send(new Message.AnswerAppend(Id, append.From, Term, append.Previous.Index, IsRejected: true, hint));
            return;
        }

        foreach (var entry in append.Entries)
        {
            if (_log.Has(entry.Position))
            {
                continue;
            }

            if (entry.Index <= _log.Last.Index)
            {
                ReplaceFrom(entry.Index);
            }

            _log.Append(entry);
        }

        ulong last = append.Previous.Index + (ulong)append.Entries.Length;
        CommitIndex = Math.Max(CommitIndex, Math.Min(append.Commit, last));
        AcceptAppend(append.From, last);
    }

    private void AcceptAppend(NodeId leader, ulong index) => Send(new Message.AnswerAppend(Id, leader, Term, index, IsRejected: false, default));

    private void ReplaceFrom(ulong index)
    {
        if (index <= CommitIndex)
        {
            throw new RaftException($"the leader of term {Term} has another entry {index} than the one committed here");
        }

        _log.TruncateFrom(index);
        _persistedIndex = Math.Min(_persistedIndex, index - 1);
    }

    private void OnHeartbeat(Message.Heartbeat heartbeat)
    {
        var commit = heartbeat.Commit;
        if (commit.Index > CommitIndex)
        {
            // The leader says this only of what was acknowledged to it as being on the disk here.
            if (!_log.Has(commit))
            {
                throw new RaftException(
                    $"entry {commit.Index} of term {commit.Term} was acknowledged by this member and is not in its log, which ends at {_log.Last.Index}: its disk lost it; remove the member from the cluster and add it anew");
            }

            CommitIndex = commit.Index;
        }

        Send(new Message.AnswerHeartbeat(Id, heartbeat.From, Term, heartbeat.ReadRound));
    }

    private void OnInstallSnapshot(Message.InstallSnapshot install)
    {
        var snapshot = install.Snapshot;
        if (snapshot.Index > CommitIndex)
        {
            CommitIndex = snapshot.Index;
            if (!_log.Has(snapshot.Position))
            {
                _log.Reset(snapshot.Position);
                _persistedIndex = snapshot.Index;
                _unpersistedSnapshot = snapshot;
            }
        }

        AcceptAppend(install.From, CommitIndex);
    }

    private void OnAnswerAppend(Message.AnswerAppend answer)
    {
        if (PeerOf(answer.From) is not { } peer || answer.Index > _log.Last.Index)
        {
            return;
        }

        peer.IsActive = true;
        if (answer.IsRejected)
        {
            peer.OnRejected(answer.Index, _log.LastPossibleMatch(answer.Hint.Index, answer.Hint.Term).Index);
        }
        else if (peer.OnAccepted(answer.Index, _log.Start.Index + 1))
        {
            CommitByCounting();
            FinishTransfer(peer);
        }
    }

    private void OnAnswerHeartbeat(Message.AnswerHeartbeat answer)
    {
        if (PeerOf(answer.From) is { } peer)
        {
            peer.IsActive = true;
            peer.OnHeartbeatAnswered(_log.Last.Index, _config);
            peer.ReadRound = Math.Max(peer.ReadRound, answer.ReadRound);
            ConfirmReads();
        }
    }

    /// <summary>
    /// Commits what a quorum of voters has on its disks, this member's own disk counted as any other. Raft §5.4.2: only an entry of the
    /// leader's own term is committed by counting; earlier ones follow with it.
    /// </summary>
    private void CommitByCounting()
    {
        Span<ulong> matches = stackalloc ulong[Members.Voters.Length];
        int count = 0;
        foreach (var voter in Members.Voters)
        {
            matches[count++] = voter == Id ? _persistedIndex : PeerOf(voter)?.Match ?? 0;
        }

        matches.Sort();
        ulong index = matches[count - Members.Quorum];
        if (index > CommitIndex && _log.TermAt(index) == Term)
        {
            for (ulong committed = CommitIndex + 1; committed <= index; committed++)
            {
                _uncommittedBytes -= _log[committed].Size;
            }

            CommitIndex = index;
        }
    }
}
