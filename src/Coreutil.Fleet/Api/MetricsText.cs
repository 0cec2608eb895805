using System.Globalization;
using System.Text;
using Coreutil.Fleet.Engine;
using Coreutil.Fleet.Registry;

namespace Coreutil.Fleet.Api;

/// <summary>/metrics in Prometheus' text form: the original's names where ours mean the same, and what the registry holds.</summary>
internal static class MetricsText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static string Write(EngineMetrics.Numbers engine, RegistrySnapshot snapshot)
    {
        var text = new StringBuilder();
        Add("fleet_engine_leader_start_time", "gauge", "Seconds since 1970 at which this engine became the leader, 0 while it is not.", ("", engine.LeaderSince));
        Add(
            "fleet_engine_task_count_total", "counter", "Decisions that this engine wrote.",
            ("{type=\"AttemptScheduleUnit\"}", engine.Scheduled), ("{type=\"UnscheduleUnit\"}", engine.Unscheduled));
        Add("fleet_engine_reconcile_count_total", "counter", "Passes in which this engine looked for decisions.", ("", engine.Passes));
        Head("fleet_engine_reconcile_duration_second", "summary", "Seconds that those passes took.");
        Line("fleet_engine_reconcile_duration_second_sum", engine.PassSeconds);
        Line("fleet_engine_reconcile_duration_second_count", engine.Passes);
        Add("fleet_machines", "gauge", "Machines in the registry.", ("", snapshot.Machines.Count));
        Add(
            "fleet_units", "gauge", "Units in the registry by their desired state.",
            [.. snapshot.Jobs.Values.CountBy(job => job.TargetState).OrderBy(group => group.Key)
                .Select(group => ($"{{state=\"{Jobs.TargetStateNames.ToWireName(group.Key)}\"}}", (double)group.Value))]);
        return text.ToString();

        void Add(string name, string type, string help, params (string Labels, double Value)[] values)
        {
            Head(name, type, help);
            foreach (var (labels, value) in values)
            {
                Line(name + labels, value);
            }
        }

        void Head(string name, string type, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");

        void Line(string name, double value) => text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
    }
}
