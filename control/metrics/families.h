// SPDX-License-Identifier: Apache-2.0
// Families: a daemon's figures as Prometheus reads them. Names get "fairlead_" before them.
#pragma once

#include <prometheus/text_serializer.h>
#include <sstream>
#include <string>
#include <vector>

namespace fairlead::metrics {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  void add(MetricType type, const std::string& name, const std::string& help) {
    all_.push_back({"fairlead_" + name, help, type, {}});
  }
  void value(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (all_.back().type == MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    all_.back().metric.push_back(std::move(metric));
  }
  template <class T>
  void gauge(const std::string& name, const std::string& help, T number) {
    add(MetricType::Gauge, name, help);
    value(static_cast<double>(number));
  }
  template <class T>
  void counter(const std::string& name, const std::string& help, T number) {
    add(MetricType::Counter, name, help);
    value(static_cast<double>(number));
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, all_);
    return std::move(out).str();
  }

 private:
  std::vector<MetricFamily> all_;
};

}  // namespace fairlead::metrics
